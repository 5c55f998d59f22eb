# Databricks notebook source
# The task `outputs` of the pipeline `signatures`, from pipeline.py line 39. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("outputs", dbutils)
