package main

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
)

type object = map[string]any

type watchedMetrics struct {
	sdkmetric.Exporter
	all     *results
	metrics []object
}

func (one *watchedMetrics) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	for _, scope := range data.ScopeMetrics {
		for _, metric := range scope.Metrics {
			one.metrics = append(one.metrics, shown(metric))
		}
	}
	return one.all.ended("metrics", one.Exporter.Export(ctx, data))
}

func nanoseconds(time time.Time) string {
	if time.IsZero() {
		return "0"
	}
	return strconv.FormatInt(time.UnixNano(), 10)
}

func texts(attributes attribute.Set) map[string]string {
	all := map[string]string{}
	for _, one := range attributes.ToSlice() {
		all[string(one.Key)] = one.Value.Emit()
	}
	return all
}

func exemplars[N int64 | float64](from []metricdata.Exemplar[N]) []object {
	all := []object{}
	for _, one := range from {
		all = append(all, object{
			"value": one.Value, "time": nanoseconds(one.Time),
			"traceId": hex.EncodeToString(one.TraceID), "spanId": hex.EncodeToString(one.SpanID),
		})
	}
	return all
}

func numbers[N int64 | float64](points []metricdata.DataPoint[N]) []object {
	all := []object{}
	for _, point := range points {
		all = append(all, object{
			"attributes": texts(point.Attributes), "start": nanoseconds(point.StartTime), "time": nanoseconds(point.Time),
			"value": point.Value, "exemplars": exemplars(point.Exemplars),
		})
	}
	return all
}

func extreme(from metricdata.Extrema[float64]) float64 {
	value, _ := from.Value()
	return value
}

func histograms(points []metricdata.HistogramDataPoint[float64]) []object {
	all := []object{}
	for _, point := range points {
		all = append(all, object{
			"attributes": texts(point.Attributes), "start": nanoseconds(point.StartTime), "time": nanoseconds(point.Time),
			"count": point.Count, "sum": point.Sum, "min": extreme(point.Min), "max": extreme(point.Max),
			"bounds": point.Bounds, "counts": point.BucketCounts, "exemplars": exemplars(point.Exemplars),
		})
	}
	return all
}

func buckets(from metricdata.ExponentialBucket) object {
	counts := from.Counts
	if counts == nil {
		counts = []uint64{}
	}
	return object{"offset": from.Offset, "counts": counts}
}

func exponentials(points []metricdata.ExponentialHistogramDataPoint[float64]) []object {
	all := []object{}
	for _, point := range points {
		all = append(all, object{
			"attributes": texts(point.Attributes), "start": nanoseconds(point.StartTime), "time": nanoseconds(point.Time),
			"count": point.Count, "sum": point.Sum, "min": extreme(point.Min), "max": extreme(point.Max),
			"scale": point.Scale, "zeroCount": point.ZeroCount,
			"positive": buckets(point.PositiveBucket), "negative": buckets(point.NegativeBucket),
			"exemplars": exemplars(point.Exemplars),
		})
	}
	return all
}

// temporalities are numbered here as in OTLP, where delta is 1 and cumulative 2.
var temporalities = map[metricdata.Temporality]int{metricdata.DeltaTemporality: 1, metricdata.CumulativeTemporality: 2}

func shown(from metricdata.Metrics) object {
	one := object{"name": from.Name, "description": from.Description, "unit": from.Unit, "temporality": 0, "monotonic": false}
	switch data := from.Data.(type) {
	case metricdata.Sum[int64]:
		one["kind"], one["points"] = "sum", numbers(data.DataPoints)
		one["temporality"], one["monotonic"] = temporalities[data.Temporality], data.IsMonotonic
	case metricdata.Sum[float64]:
		one["kind"], one["points"] = "sum", numbers(data.DataPoints)
		one["temporality"], one["monotonic"] = temporalities[data.Temporality], data.IsMonotonic
	case metricdata.Gauge[int64]:
		one["kind"], one["points"] = "gauge", numbers(data.DataPoints)
	case metricdata.Gauge[float64]:
		one["kind"], one["points"] = "gauge", numbers(data.DataPoints)
	case metricdata.Histogram[float64]:
		one["kind"], one["points"], one["temporality"] = "histogram", histograms(data.DataPoints), temporalities[data.Temporality]
	case metricdata.ExponentialHistogram[float64]:
		one["kind"], one["points"] = "exponentialHistogram", exponentials(data.DataPoints)
		one["temporality"] = temporalities[data.Temporality]
	default:
		panic("the SDK made a kind of metric that was not asked for")
	}
	return one
}

func metricExporter(ctx context.Context, protocol, endpoint string) sdkmetric.Exporter {
	if protocol == "grpc" {
		return must(otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(endpoint)))
	}
	return must(otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics")))
}

func measure(ctx context.Context, meter metric.Meter, one instrumentOf) {
	unit, description := metric.WithUnit(one.Unit), metric.WithDescription(one.Description)
	var record func(value float64, attributes metric.MeasurementOption)
	switch one.Kind + " " + one.Number {
	case "counter int":
		counter := must(meter.Int64Counter(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { counter.Add(ctx, int64(value), with) }
	case "counter double":
		counter := must(meter.Float64Counter(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { counter.Add(ctx, value, with) }
	case "upDownCounter int":
		counter := must(meter.Int64UpDownCounter(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { counter.Add(ctx, int64(value), with) }
	case "upDownCounter double":
		counter := must(meter.Float64UpDownCounter(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { counter.Add(ctx, value, with) }
	case "gauge int":
		gauge := must(meter.Int64Gauge(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { gauge.Record(ctx, int64(value), with) }
	case "gauge double":
		gauge := must(meter.Float64Gauge(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { gauge.Record(ctx, value, with) }
	default:
		histogram := must(meter.Float64Histogram(one.Name, unit, description))
		record = func(value float64, with metric.MeasurementOption) { histogram.Record(ctx, value, with) }
	}
	for _, each := range one.Values {
		record(each.Value, metric.WithAttributes(keyValues(each.Attributes)...))
	}
}

func sendMetrics(ctx context.Context, protocol, endpoint string, sent plan, from *resource.Resource, all *results) []object {
	exporter := &watchedMetrics{Exporter: metricExporter(ctx, protocol, endpoint), all: all}
	options := []sdkmetric.Option{
		sdkmetric.WithResource(from),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(time.Hour))),
	}
	for _, one := range sent.Instruments {
		var aggregation sdkmetric.Aggregation
		switch one.Kind {
		case "histogram":
			aggregation = sdkmetric.AggregationExplicitBucketHistogram{Boundaries: one.Bounds}
		case "exponentialHistogram":
			aggregation = sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}
		default:
			continue
		}
		view := sdkmetric.NewView(sdkmetric.Instrument{Name: one.Name}, sdkmetric.Stream{Aggregation: aggregation})
		options = append(options, sdkmetric.WithView(view))
	}
	provider := sdkmetric.NewMeterProvider(options...)
	scope := sent.Scope
	meter := provider.Meter(scope.Name, metric.WithInstrumentationVersion(scope.Version), metric.WithSchemaURL(scope.SchemaURL))
	for _, one := range sent.Instruments {
		measure(ctx, meter, one)
	}
	check(provider.Shutdown(context.Background()))
	return exporter.metrics
}
