"""The intermediate representation: its nodes, and its expression, text, JSON and verifier forms."""
