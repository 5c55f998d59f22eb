from .kinds import Kind
from .text import describe
