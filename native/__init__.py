"""Crypto that both sides share: C where it is built, the host's library, or plain Python."""
