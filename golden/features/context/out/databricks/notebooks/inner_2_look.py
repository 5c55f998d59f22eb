# Databricks notebook source
# The task `inner_2_look` of the pipeline `main`, from pipeline.py line 47. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("inner_2_look", dbutils)
