# Databricks notebook source
# The task `gate_require` of the pipeline `nested`, from pipeline.py line 39. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("gate_require", dbutils)
