"""Opening lines of books that are in the public domain."""

BOOKS = {
    "alice": (
        "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or twice she had "
        "peeped into the book her sister was reading, but it had no pictures or conversations in it, “and what is the use of a book,” "
        "thought Alice, “without pictures or conversations?”"
    ),
    "moby-dick": (
        "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing particular to "
        "interest me on shore, I thought I would sail about a little and see the watery part of the world."
    ),
    "pride": (
        "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. However "
        "little known the feelings or views of such a man may be on his first entering a neighbourhood, this truth is so well fixed in the "
        "minds of the surrounding families, that he is considered as the rightful property of some one or other of their daughters."
    ),
}
