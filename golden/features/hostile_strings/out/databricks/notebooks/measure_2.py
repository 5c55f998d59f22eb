# Databricks notebook source
# The task `measure_2` of the pipeline `hostile_strings`, from pipeline.py line 81. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("measure_2", dbutils)
