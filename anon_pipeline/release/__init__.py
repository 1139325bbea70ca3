"""What decides about a release and what makes one: evidence, gate, package, manifest, signature, verify, trace."""
