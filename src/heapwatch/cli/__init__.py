"""The command line: a file a command, one table of them, and the only room that builds the house."""
