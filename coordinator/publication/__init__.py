"""From a benchmark to what is published: a site, open data files, and the message that goes back to councils."""
