"""`heapwatch completion bash|zsh|fish`"""

from __future__ import annotations

from typing import Literal

from heapwatch.cli.main import build


def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> None:
    """Print the completion script of a shell.

    `heapwatch --install-completion` writes it where your shell looks for it; this only prints it.

    For example:

        heapwatch completion bash > /etc/bash_completion.d/heapwatch
        heapwatch completion zsh > ~/.zfunc/_heapwatch
        heapwatch completion fish > ~/.config/fish/completions/heapwatch.fish

    Parameters
    ----------
    shell
        The shell to print for.
    """
    print(build().generate_completion(shell=shell))
