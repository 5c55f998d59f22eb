# Databricks notebook source
# The task `outputs` of the pipeline `map_branches`, from pipeline.py line 61. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("outputs", dbutils)
