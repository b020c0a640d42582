"""`python -m heapwatch.agent`, and what heapwatch-agent.pyz runs."""

from heapwatch.agent.main import main

main()
