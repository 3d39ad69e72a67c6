"""Share losses and recoveries by a scheme."""

from flask.cli import AppGroup

group = AppGroup("risk-pool", help="Share losses and recoveries by a scheme.")
