"""What can be found without learning: checksums, formats and context words, over the folded text."""
