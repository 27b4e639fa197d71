"""Consultation intake: every channel received once, read whole, and accounted for."""
