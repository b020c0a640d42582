"""What ./run does. Standard library only: it has to work before anything is installed."""
