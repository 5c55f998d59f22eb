# Databricks notebook source
# The task `add_10` of the pipeline `conditions`, from pipeline.py line 58. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("add_10", dbutils)
