"""The server's way in: bytes from outside become batches in the store, or a counted reject."""
