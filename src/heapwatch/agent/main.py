"""`heapwatch-agent`: its commands and what their flags mean. Errors become one line and an exit code here.

0   all is well        1   something was found wrong        2   called in a wrong way, or it cannot be done
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from heapwatch import __version__
from heapwatch.agent import config, sinks, units
from heapwatch.agent.config import Settings
from heapwatch.agent.journal import Journal
from heapwatch.agent.sink_settings import DEFAULT_SERVER
from heapwatch.errors import HeapwatchError


class Run:
    """Watch the JVMs of this machine and ship what is seen, until stopped.

    examples:
      heapwatch-agent run --server http://heapwatch.example:7077 --token-file /etc/heapwatch/token
      heapwatch-agent run --config /etc/heapwatch/agent.toml
      heapwatch-agent run --only shop --interval 30s --label env=prod

    SIGTERM ends it after a last delivery, SIGHUP reads the configuration again.
    """

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        _settings_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        settings = _settings(args)
        sinks.spare_openssl(settings.sinks)  # before anything loads http.client
        from heapwatch.agent.run import run

        return run(settings, lambda: _settings(args), Journal(quiet=args.quiet))


class Once:
    """Take one histogram of every JVM and print it all.

    examples:
      heapwatch-agent once --only shop
      heapwatch-agent once -o text > histograms.txt
      heapwatch-agent once -o graphite | nc -q0 localhost 2003
    """

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        _settings_arguments(parser)
        parser.add_argument(
            "-o",
            "--output",
            default="jsonl",
            choices=("jsonl", "text", "graphite"),
            help="form (default jsonl)",
        )

    def run(self, args: argparse.Namespace) -> int:
        from heapwatch.agent.run import once

        args.only = args.only or []
        return once(_settings(args, min_age="0s", listen="off"), args.output, Journal(quiet=args.quiet))


class Status:
    """Tell how the agent of this machine does: JVMs, pauses, sinks, losses. Exit code 1 when it has troubles.

    examples:
      heapwatch-agent status
      heapwatch-agent status --json
      heapwatch-agent status --address 127.0.0.1:7078
    """

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--config", type=Path, help="the running agent's configuration")
        parser.add_argument("--spool", help="the running agent's directory")
        parser.add_argument("--address", help="where it answers, like 127.0.0.1:7078")
        parser.add_argument("--json", action="store_true", help="all of it, as JSON")

    def run(self, args: argparse.Namespace) -> int:
        from heapwatch.agent import status

        if args.address:
            found = status.ask(*units.address(args.address))
        else:
            flags = {"spool": args.spool} if args.spool else {}
            found = status.ask_by_directory(config.load(args.config, flags).directory)
        sys.stdout.write(status.as_json(found) if args.json else status.as_text(found))
        return 1 if status.problems(found) else 0


class Doctor:
    """Tell for every JVM of this machine what works, what does not, and what to do. Exit code 1 if anything.

    Nothing is sent to any JVM, unless --try is given: then one histogram is taken of each.

    examples:
      heapwatch-agent doctor
      heapwatch-agent doctor --try --json
    """

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--only", nargs="+", action="extend", metavar="JVM", help="pids or names (with * and ?)"
        )
        parser.add_argument("--try", dest="attempt", action="store_true", help="take one histogram of each")
        parser.add_argument("--json", action="store_true", help="all of it, as JSON")

    def run(self, args: argparse.Namespace) -> int:
        from heapwatch.agent import doctor

        found = doctor.examine(args.only or [], attempt=args.attempt)
        sys.stdout.write(doctor.as_json(found) if args.json else doctor.as_text(found))
        return 1 if doctor.something_is_wrong(found) else 0


class CheckConfig:
    """Read the configuration as `run` would, and show what comes out.

    example:
      heapwatch-agent check-config --config /etc/heapwatch/agent.toml
    """

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        _settings_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        settings = _settings(args)
        for sink in settings.sinks:
            sinks.build(sink).close()
        sys.stdout.write(config.show(settings))
        return 0


class Version:
    """Print the version."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """It takes none."""

    def run(self, _: argparse.Namespace) -> int:
        sys.stdout.write(f"heapwatch-agent {__version__} (Python {sys.version.split()[0]})\n")
        return 0


Command = Any
COMMANDS: Dict[str, Command] = {
    "run": Run(),
    "once": Once(),
    "status": Status(),
    "doctor": Doctor(),
    "check-config": CheckConfig(),
    "version": Version(),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    sys.exit(command(sys.argv[1:] if arguments is None else arguments))


def command(arguments: Sequence[str]) -> int:
    """Carry out one command line; the exit code."""
    args = _parser().parse_args(list(arguments))
    try:
        return int(COMMANDS[args.command].run(args))
    except HeapwatchError as error:
        sys.stderr.write(f"heapwatch-agent: {' '.join(str(error).split())}\n")
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 2
    except KeyboardInterrupt:
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heapwatch-agent", description="The memory supervisor's agent: watches the JVMs of one machine."
    )
    parser.add_argument("--version", action="version", version=f"heapwatch-agent {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, one in COMMANDS.items():
        summary, _, more = (one.__doc__ or "").partition("\n")
        below = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog="\n".join(line[4:] for line in more.rstrip().split("\n")),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.arguments(below)
    return parser


def _settings_arguments(parser: argparse.ArgumentParser) -> None:
    add: Callable[..., Any] = parser.add_argument
    add("--config", type=Path, metavar="FILE", help="settings in TOML, or in JSON when it is called *.json")
    add("--server", metavar="URL", help=f"the heapwatch server (default {DEFAULT_SERVER})")
    add("--token-file", metavar="FILE", help="its first line is the server's token")
    add("--host", help="what this machine is called (default: its host name)")
    add("--interval", metavar="TIME", help="least time between histograms of a JVM (default 10s)")
    add("--only", nargs="+", action="extend", metavar="JVM", help="pids or names (with * and ?); default all")
    add("--label", action="append", default=[], metavar="K=V", help="a label for all that is shipped")
    add("--spool", metavar="DIR", help="where batches wait and the agent keeps its identity")
    add(
        "--listen",
        metavar="ADDRESS",
        help=f"for /metrics and status (default {config.DEFAULT_LISTEN}, or off)",
    )
    add("--quiet", action="store_true", help="tell warnings and errors only")


def _settings(args: argparse.Namespace, **more: str) -> Settings:
    flags: Dict[str, Any] = {
        name: getattr(args, name)
        for name in ("server", "token_file", "host", "interval", "only", "spool", "listen")
        if getattr(args, name)
    }
    flags["labels"] = dict(_pairs(args.label))
    return config.load(args.config, {**flags, **more})


def _pairs(labels: Sequence[str]) -> List[Tuple[str, str]]:
    return [config.pair(label) for label in labels]


if __name__ == "__main__":
    main()
