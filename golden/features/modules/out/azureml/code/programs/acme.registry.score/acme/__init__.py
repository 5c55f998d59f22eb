import acme.kinds
import acme.text
