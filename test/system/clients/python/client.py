"""Sends the telemetry that comes on standard input with OpenTelemetry's SDK for Python, and prints what the SDK chose.

Usage: client.py http/protobuf|grpc ENDPOINT. Compression and timeouts are the SDK's own variables.
"""

import base64
import json
import logging
import sys
import warnings

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.propagate import extract
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.export import ExponentialHistogram, Gauge, Histogram, Sum
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.span import TraceState

warnings.filterwarnings("ignore", category=DeprecationWarning)
protocol, endpoint = sys.argv[1:3]
plan = json.load(sys.stdin)
results = {"traces": [], "metrics": [], "logs": []}

if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    exporter = {signal: {"endpoint": endpoint, "insecure": True} for signal in results}
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = {signal: {"endpoint": f"{endpoint}/v1/{signal}"} for signal in results}


def value_of(one):
    kind, value = one["type"], one["value"]
    if kind == "int":
        return int(value)
    if kind == "ints":
        return [int(each) for each in value]
    if kind == "double":
        return float(value)
    if kind == "doubles":
        return [float(each) for each in value]
    if kind == "bytes":
        return base64.b64decode(value)
    return value


def attributes_of(attributes):
    return {one["key"]: value_of(one) for one in attributes}


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


class Watched(SpanExporter):
    """The exporter, and how each of its exports ended."""

    def __init__(self, inner):
        self.inner = inner

    def export(self, spans):
        result = self.inner.export(spans)
        results["traces"].append(result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self):
        self.inner.shutdown()


class WatchedLogs(LogRecordExporter):
    """The exporter, and how each of its exports ended."""

    def __init__(self, inner):
        self.inner = inner

    def export(self, batch):
        result = self.inner.export(batch)
        results["logs"].append(result is LogRecordExportResult.SUCCESS)
        return result

    def force_flush(self, timeout_millis=30_000):
        return self.inner.force_flush(timeout_millis)

    def shutdown(self):
        self.inner.shutdown()


def point_of(point):
    shown = {
        "attributes": {key: text_of(value) for key, value in (point.attributes or {}).items()},
        "start": str(point.start_time_unix_nano or 0),
        "time": str(point.time_unix_nano),
        "exemplars": [
            {
                "value": one.value,
                "time": str(one.time_unix_nano),
                "traceId": format(one.trace_id, "032x") if one.trace_id else "",
                "spanId": format(one.span_id, "016x") if one.span_id else "",
            }
            for one in point.exemplars
        ],
    }
    if hasattr(point, "value"):
        return {**shown, "value": point.value}
    shown |= {"count": point.count, "sum": point.sum, "min": point.min, "max": point.max}
    if hasattr(point, "explicit_bounds"):
        return {**shown, "bounds": list(point.explicit_bounds), "counts": list(point.bucket_counts)}
    return {
        **shown,
        "scale": point.scale,
        "zeroCount": point.zero_count,
        "positive": {"offset": point.positive.offset, "counts": list(point.positive.bucket_counts)},
        "negative": {"offset": point.negative.offset, "counts": list(point.negative.bucket_counts)},
    }


kinds = {Sum: "sum", Gauge: "gauge", Histogram: "histogram", ExponentialHistogram: "exponentialHistogram"}


def metric_of(metric):
    return {
        "name": metric.name,
        "description": metric.description or "",
        "unit": metric.unit or "",
        "kind": kinds[type(metric.data)],
        "temporality": int(getattr(metric.data, "aggregation_temporality", 0)),
        "monotonic": getattr(metric.data, "is_monotonic", False),
        "points": [point_of(point) for point in metric.data.data_points],
    }


class WatchedMetrics(MetricExporter):
    """The exporter, how each of its exports ended, and the points that it was given."""

    def __init__(self, inner):
        super().__init__(inner._preferred_temporality, inner._preferred_aggregation)
        self.inner = inner
        self.metrics = []

    def export(self, metrics_data, timeout_millis=10_000, **rest):
        for resource in metrics_data.resource_metrics:
            for scope in resource.scope_metrics:
                self.metrics += [metric_of(metric) for metric in scope.metrics]
        result = self.inner.export(metrics_data, timeout_millis, **rest)
        results["metrics"].append(result is MetricExportResult.SUCCESS)
        return result

    def force_flush(self, timeout_millis=10_000):
        return self.inner.force_flush(timeout_millis)

    def shutdown(self, timeout_millis=30_000, **rest):
        self.inner.shutdown(timeout_millis, **rest)


class Handled(LogRecordProcessor):
    """What the handler of the standard library's `logging` made of its records."""

    def __init__(self):
        self.records = []

    def on_emit(self, log_record):
        record = log_record.log_record
        if log_record.instrumentation_scope.name != "davy.stdlib":
            return
        self.records.append(
            {
                "time": str(record.timestamp),
                "severityNumber": record.severity_number.value,
                "severityText": record.severity_text,
                "body": record.body,
                "attributes": {key: text_of(value) for key, value in record.attributes.items()},
                "traceId": format(record.trace_id, "032x"),
                "spanId": format(record.span_id, "016x"),
            }
        )

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=30_000):
        return True


scope = plan["scope"]
asked = {one["key"] for one in plan["resource"]}
resource = Resource.create(attributes_of(plan["resource"]), scope["schemaUrl"])

tracer_provider = TracerProvider(resource=resource)
tracer_provider.add_span_processor(BatchSpanProcessor(Watched(OTLPSpanExporter(**exporter["traces"]))))
tracer = tracer_provider.get_tracer(scope["name"], scope["version"], scope["schemaUrl"])

metric_exporter = WatchedMetrics(OTLPMetricExporter(**exporter["metrics"]))
aggregations = {
    "histogram": lambda one: ExplicitBucketHistogramAggregation(one["bounds"]),
    "exponentialHistogram": lambda one: ExponentialBucketHistogramAggregation(),
}
meter_provider = MeterProvider(
    resource=resource,
    metric_readers=[PeriodicExportingMetricReader(metric_exporter, export_interval_millis=3_600_000)],
    views=[
        View(instrument_name=one["name"], aggregation=aggregations[one["kind"]](one))
        for one in plan["instruments"]
        if one["kind"] in aggregations
    ],
)
meter = meter_provider.get_meter(scope["name"], scope["version"], scope["schemaUrl"])

handled = Handled()
logger_provider = LoggerProvider(resource=resource)
logger_provider.add_log_record_processor(handled)
logger_provider.add_log_record_processor(BatchLogRecordProcessor(WatchedLogs(OTLPLogExporter(**exporter["logs"]))))
logger = logger_provider.get_logger(scope["name"], scope["version"], scope["schemaUrl"])

remote = extract({"traceparent": plan["traceparent"], "tracestate": plan["tracestate"]})
spans = []
current = None
for one in plan["spans"]:
    context = {"remote": remote, "first": current, "none": trace.set_span_in_context(trace.INVALID_SPAN)}[one["parent"]]
    span = tracer.start_span(
        one["name"],
        context=context,
        kind=trace.SpanKind[one["kind"].upper()],
        attributes=attributes_of(one["attributes"]),
        start_time=int(one["start"]),
        links=[
            trace.Link(
                trace.SpanContext(
                    int(link["traceId"], 16),
                    int(link["spanId"], 16),
                    is_remote=True,
                    trace_flags=trace.TraceFlags(1),
                    trace_state=TraceState.from_header([link["traceState"]]),
                ),
                attributes_of(link["attributes"]),
            )
            for link in one["links"]
        ],
    )
    if current is None:
        current = trace.set_span_in_context(span)
    for event in one["events"]:
        span.add_event(event["name"], attributes_of(event["attributes"]), int(event["time"]))
    if one["status"] != "Unset":
        message = one["message"] or None
        span.set_status(trace.Status(trace.StatusCode[one["status"].upper()], message))
    spans.append((one, span))

with trace.use_span(spans[0][1], end_on_exit=False):
    instruments = {}
    for one in plan["instruments"]:
        name, unit, description = one["name"], one["unit"], one["description"]
        make, record = {
            "counter": (meter.create_counter, "add"),
            "upDownCounter": (meter.create_up_down_counter, "add"),
            "gauge": (meter.create_gauge, "set"),
            "histogram": (meter.create_histogram, "record"),
            "exponentialHistogram": (meter.create_histogram, "record"),
        }[one["kind"]]
        instrument = make(name, unit=unit, description=description)
        number = int if one["number"] == "int" else float
        for measured in one["values"]:
            getattr(instrument, record)(number(measured["value"]), attributes_of(measured["attributes"]))

    stdlib = logging.getLogger("davy.stdlib")
    stdlib.addHandler(LoggingHandler(logger_provider=logger_provider))
    stdlib.propagate = False
    stdlib.warning("order %s is läte", "A-7", extra={"order.id": "A-7", "attempt": 3})
    stdlib.error({"reason": "declined", "codes": [51, None, "ü"]})
    try:
        raise ValueError("nö “really”")
    except ValueError:
        stdlib.critical("it failed", exc_info=True)

for one in plan["logs"]:
    logger.emit(
        LogRecord(
            timestamp=int(one["time"]),
            observed_timestamp=int(one["time"]) + 1,
            context=current if one["inSpan"] else trace.set_span_in_context(trace.INVALID_SPAN),
            severity_number=SeverityNumber(one["severityNumber"]),
            severity_text=one["severityText"] or None,
            body=value_of(one["body"]),
            attributes=attributes_of(one["attributes"]),
            event_name=one["eventName"] or None,
        )
    )

for one, span in spans:
    span.end(int(one["end"]))
for provider in (tracer_provider, logger_provider):
    provider.force_flush(60_000)
    provider.shutdown()
meter_provider.shutdown(60_000)

print(
    json.dumps(
        {
            "resource": {key: text_of(value) for key, value in resource.attributes.items() if key not in asked},
            "spans": [
                {
                    "traceId": format(span.context.trace_id, "032x"),
                    "spanId": format(span.context.span_id, "016x"),
                    "parentSpanId": format(span.parent.span_id, "016x") if span.parent else "",
                }
                for _, span in spans
            ],
            "metrics": metric_exporter.metrics,
            "handled": handled.records,
            "results": results,
        }
    )
)
