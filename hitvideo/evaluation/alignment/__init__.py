"""Whether clips show what their captions say, and what the generator knows of captions."""
