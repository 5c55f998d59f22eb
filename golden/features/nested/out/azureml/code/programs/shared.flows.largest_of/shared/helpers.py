def biggest(xs):
    """The largest, or 1."""
    return max(xs, default=1) or 1
