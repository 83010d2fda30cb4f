"""How fast it is, measured beside the machine's own figures and, where there is one, beside a peer."""
