# Databricks notebook source
# The task `if_5_test` of the pipeline `map_branches`, from pipeline.py line 57. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("if_5_test", dbutils)
