# Databricks notebook source
# The task `show_5` of the pipeline `expressions`, from pipeline.py line 60. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("show_5", dbutils)
