# Databricks notebook source
# The task `train` of the pipeline `settings`, from pipeline.py line 52. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("train", dbutils)
