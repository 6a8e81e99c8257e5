package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
)

type watchedLogs struct {
	sdklog.Exporter
	all *results
}

func (one watchedLogs) Export(ctx context.Context, records []sdklog.Record) error {
	return one.all.ended("logs", one.Exporter.Export(ctx, records))
}

func logExporter(ctx context.Context, protocol, endpoint string) sdklog.Exporter {
	if protocol == "grpc" {
		return must(otlploggrpc.New(ctx, otlploggrpc.WithEndpointURL(endpoint)))
	}
	return must(otlploghttp.New(ctx, otlploghttp.WithEndpointURL(endpoint+"/v1/logs")))
}

func sendLogs(ctx, first context.Context, protocol, endpoint string, sent plan, from *resource.Resource, all *results) {
	exporter := watchedLogs{logExporter(ctx, protocol, endpoint), all}
	provider := sdklog.NewLoggerProvider(sdklog.WithResource(from), sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)))
	scope := sent.Scope
	logger := provider.Logger(scope.Name, log.WithInstrumentationVersion(scope.Version), log.WithSchemaURL(scope.SchemaURL))
	for _, one := range sent.Logs {
		var record log.Record
		record.SetTimestamp(at(one.Time))
		record.SetObservedTimestamp(at(one.Time).Add(time.Nanosecond))
		record.SetSeverity(log.Severity(one.SeverityNumber))
		record.SetSeverityText(one.SeverityText)
		record.SetEventName(one.EventName)
		record.SetBody(one.Body.value())
		record.AddAttributes(keyValues(one.Attributes)...)
		within := ctx
		if one.InSpan {
			within = first
		}
		logger.Emit(within, record)
	}
	check(provider.Shutdown(ctx))
}
