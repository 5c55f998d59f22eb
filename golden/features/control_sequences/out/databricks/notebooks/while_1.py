# Databricks notebook source
# The task `while_1` of the pipeline `sequences`, from pipeline.py line 44. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("while_1", dbutils)
