"""Making the token classifier again: a generator of fictional documents, a training loop, thresholds."""
