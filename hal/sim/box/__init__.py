"""Boxes: every ring and every app in an operating-system process of its own, confined."""
