"""What a judge says of a take, drawn: its scores, where in the singing they come from, and the sentences."""
