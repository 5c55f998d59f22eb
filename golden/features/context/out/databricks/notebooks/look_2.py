# Databricks notebook source
# The task `look_2` of the pipeline `main`, from pipeline.py line 56. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("look_2", dbutils)
