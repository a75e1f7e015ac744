"""One function per command; the only place that knows the order of things."""
