# café  # error: [WYE1001]
from wye import pipeline
