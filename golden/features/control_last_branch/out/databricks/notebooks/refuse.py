# Databricks notebook source
# The task `refuse` of the pipeline `control_last_branch`, from pipeline.py line 34. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("refuse", dbutils)
