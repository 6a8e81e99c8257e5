package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type ids struct {
	TraceID      string `json:"traceId"`
	SpanID       string `json:"spanId"`
	ParentSpanID string `json:"parentSpanId"`
}

type traced struct {
	ids      []ids
	first    context.Context
	provider *sdktrace.TracerProvider
}

type watchedSpans struct {
	sdktrace.SpanExporter
	all *results
}

func (one watchedSpans) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	return one.all.ended("traces", one.SpanExporter.ExportSpans(ctx, spans))
}

var kinds = map[string]trace.SpanKind{
	"Internal": trace.SpanKindInternal, "Server": trace.SpanKindServer, "Client": trace.SpanKindClient,
	"Producer": trace.SpanKindProducer, "Consumer": trace.SpanKindConsumer,
}

func at(nanoseconds string) time.Time {
	return time.Unix(0, integer(nanoseconds))
}

func spanExporter(ctx context.Context, protocol, endpoint string) sdktrace.SpanExporter {
	if protocol == "grpc" {
		return must(otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint)))
	}
	return must(otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces")))
}

func linkTo(link linkOf) trace.Link {
	return trace.Link{
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
			TraceID:    must(trace.TraceIDFromHex(link.TraceID)),
			SpanID:     must(trace.SpanIDFromHex(link.SpanID)),
			TraceState: must(trace.ParseTraceState(link.TraceState)),
			TraceFlags: trace.FlagsSampled,
			Remote:     true,
		}),
		Attributes: keyValues(link.Attributes),
	}
}

func sendSpans(ctx context.Context, protocol, endpoint string, sent plan, from *resource.Resource, all *results) traced {
	exporter := watchedSpans{spanExporter(ctx, protocol, endpoint), all}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(from), sdktrace.WithBatcher(exporter))
	scope := sent.Scope
	tracer := provider.Tracer(scope.Name, trace.WithInstrumentationVersion(scope.Version), trace.WithSchemaURL(scope.SchemaURL))
	remote := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{
		"traceparent": sent.Traceparent, "tracestate": sent.Tracestate,
	})
	done := traced{provider: provider}
	parents := map[string]context.Context{"remote": remote, "none": ctx}
	for _, one := range sent.Spans {
		parent := parents[one.Parent]
		links := []trace.Link{}
		for _, link := range one.Links {
			links = append(links, linkTo(link))
		}
		within, span := tracer.Start(parent, one.Name, trace.WithSpanKind(kinds[one.Kind]), trace.WithTimestamp(at(one.Start)),
			trace.WithAttributes(keyValues(one.Attributes)...), trace.WithLinks(links...))
		if done.first == nil {
			done.first = within
			parents["first"] = within
		}
		for _, event := range one.Events {
			span.AddEvent(event.Name, trace.WithTimestamp(at(event.Time)), trace.WithAttributes(keyValues(event.Attributes)...))
		}
		switch one.Status {
		case "Ok":
			span.SetStatus(codes.Ok, "")
		case "Error":
			span.SetStatus(codes.Error, one.Message)
		}
		chosen := ids{TraceID: span.SpanContext().TraceID().String(), SpanID: span.SpanContext().SpanID().String()}
		if above := trace.SpanContextFromContext(parent); above.IsValid() {
			chosen.ParentSpanID = above.SpanID().String()
		}
		done.ids = append(done.ids, chosen)
		span.End(trace.WithTimestamp(at(one.End)))
	}
	return done
}
