"""What a run needs of a machine and of a project, looked at one by one."""

from apparel_eye.cli.health.finding import Finding, report
from apparel_eye.cli.health.machine import resources, versions
from apparel_eye.cli.health.network import networks
from apparel_eye.cli.health.places import folders
from apparel_eye.cli.health.server import tracking

__all__ = ["Finding", "folders", "networks", "report", "resources", "tracking", "versions"]
