# Databricks notebook source
# The task `write_2` of the pipeline `artifacts`, from pipeline.py line 65. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("write_2", dbutils)
