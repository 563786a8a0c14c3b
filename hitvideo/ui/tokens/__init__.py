"""Opening token files: the page's part, and the work behind it."""
