"""How true the measures are, in tables: on singing whose truth is known, and on what people have labelled."""
