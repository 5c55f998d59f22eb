# Databricks notebook source
# The task `named_2` of the pipeline `outputs`, from pipeline.py line 83. Compiled by Wye.

# COMMAND ----------

import sys

sys.path.insert(0, dbutils.widgets.get("wye.files"))

# COMMAND ----------

import wye_databricks

wye_databricks.run("named_2", dbutils)
