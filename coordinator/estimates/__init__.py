"""From the councils' noised vectors to published figures: pure functions, no storage, no clock."""
