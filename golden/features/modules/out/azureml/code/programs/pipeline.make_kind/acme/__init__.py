from .kinds import Kind
import acme.text
