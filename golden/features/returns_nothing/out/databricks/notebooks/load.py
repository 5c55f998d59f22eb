# Databricks notebook source
# The task `load` of the pipeline `returns_nothing`, from pipeline.py line 21. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("load", dbutils)
