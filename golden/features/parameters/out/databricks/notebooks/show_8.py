# Databricks notebook source
# The task `show_8` of the pipeline `parameters`, from pipeline.py line 32. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("show_8", dbutils)
