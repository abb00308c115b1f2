"""What is wrong with a file of ``conf``, in a line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apparel_eye.errors import UsageError

_LINE = "\n"
_DUPLICATE = "Duplicate keys found in"  # Kedro's own words


def stop_of_configuration(chain: Sequence[BaseException]) -> UsageError | None:
    """The stop for a file of ``conf`` that cannot be read, if one is the reason.

    Args:
        chain: an error, and what it came from.
    """
    import yaml
    from omegaconf.errors import OmegaConfBaseException

    for found in chain:
        if isinstance(found, yaml.YAMLError | UnicodeDecodeError) and (bad := _first_unreadable(Path("conf"))):
            return UsageError(f"{bad}; mend the file")
        if isinstance(found, yaml.YAMLError | OmegaConfBaseException):
            return UsageError(f"in conf: {str(found).splitlines()[0]}; mend the file")
        if isinstance(found, ValueError) and str(found).startswith(_DUPLICATE):
            return UsageError(f"{' '.join(str(found).split())}; keep one of them")
    return None


def check_environment(conf: Path, env: str) -> None:
    """Refuse an environment that ``conf`` has no folder of."""
    from apparel_eye.errors import nearest

    known = [folder.name for folder in conf.iterdir() if folder.is_dir()]
    if env not in known:
        raise UsageError(f"there is no environment {env} in {conf}; {nearest(env, known)}")


def check_stages(conf: Path, env: str) -> None:
    """Refuse an environment that has some stages whole and others not: these would train as ``base`` says.

    An environment that only changes something of a stage may leave out the rest.
    """
    import yaml

    from apparel_eye.parameters import STAGES, StageParameters
    from apparel_eye.parameters.reference.files import parameter_files

    for path in parameter_files(conf / env):
        stages = _below(_below(yaml.safe_load(path.read_text(encoding="utf-8")), "train"), "stages")
        lacking = {name: sorted({*StageParameters.model_fields} - {*_below(stages, name)}) for name in STAGES}
        whole = [name for name in STAGES if not lacking[name]]
        missing = [f"train.stages.{name} ({', '.join(keys)})" for name, keys in lacking.items() if keys]
        if whole and missing:
            raise UsageError(
                f"{path} has all of {', '.join(whole)}, but lacks {', '.join(missing)}, which would be as in "
                f"{conf / 'base'}; add it, or leave out of the others what is as in {conf / 'base'}"
            )


def _below(tree: Any, key: str) -> dict[str, Any]:
    """What stands there, if anything does; whether it may is checked with all parameters."""
    found = tree.get(key) if isinstance(tree, dict) else None
    return found if isinstance(found, dict) else {}


def _first_unreadable(conf: Path) -> str:
    """The first file that is no YAML, where in it, and why."""
    import yaml
    from omegaconf import OmegaConf

    for path in sorted(conf.glob("*/**/*.yml")):
        try:
            OmegaConf.load(path)
        except yaml.MarkedYAMLError as error:
            return f"{path}{f', line {error.problem_mark.line + 1}' if error.problem_mark else ''}: {error.problem}"
        except yaml.reader.ReaderError as error:
            before = path.read_text(encoding="utf-8")[: error.position]
            return f"{path}, line {before.count(_LINE) + 1}: {error.reason} (character {error.character:#x})"
        except UnicodeDecodeError as error:
            before = path.read_bytes()[: error.start].decode("utf-8")
            return f"{path}, line {before.count(_LINE) + 1}: not UTF-8; save it as UTF-8"
    return ""
