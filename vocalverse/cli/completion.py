"""`vocalverse completion`: what a shell needs to complete our commands."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print completion for SHELL.

    \b
    bash:  vocalverse completion bash > ~/.local/share/bash-completion/completions/vocalverse
    zsh:   vocalverse completion zsh > ~/.zfunc/_vocalverse
    fish:  vocalverse completion fish > ~/.config/fish/completions/vocalverse.fish
    """
    from click.shell_completion import get_completion_class

    from vocalverse.cli import main

    writer = get_completion_class(shell)
    assert writer is not None
    # `source_vars` and no `source`: that one would start the shell only to ask its version.
    complete = writer(main, {}, "vocalverse", "_VOCALVERSE_COMPLETE")
    click.echo(complete.source_template % complete.source_vars())
