// An HTTP server in Go, instrumented by otelhttp, that calls itself once in each way and ends.
//
//	orders grpc|http URL none|gzip
//
// stdout: "TRACE_ID-SPAN_ID" of the server span of each call, a JSON array in the order of the calls.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	ctx := context.Background()
	exporter, err := newExporter(ctx, os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "orders-of-go"))),
	)
	ids, err := serveAndCall(provider)
	if err != nil {
		log.Fatal(err)
	}
	if err := provider.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(ids); err != nil {
		log.Fatal(err)
	}
}

func newExporter(ctx context.Context, protocol, url, compression string) (*otlptrace.Exporter, error) {
	if protocol == "grpc" {
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(url)}
		if compression == "gzip" {
			options = append(options, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(url)}
	if compression == "gzip" {
		options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	return otlptracehttp.New(ctx, options...)
}

func serveAndCall(provider trace.TracerProvider) ([]string, error) {
	var ids []string
	note := func(request *http.Request) {
		span := trace.SpanContextFromContext(request.Context())
		ids = append(ids, fmt.Sprintf("%s-%s", span.TraceID(), span.SpanID()))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(answer http.ResponseWriter, request *http.Request) {
		note(request)
		io.WriteString(answer, "an order")
	})
	mux.HandleFunc("POST /orders", func(answer http.ResponseWriter, request *http.Request) {
		note(request)
		io.Copy(io.Discard, request.Body)
		answer.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		note(request)
		http.Error(answer, "no", http.StatusServiceUnavailable)
	})
	server := httptest.NewServer(otelhttp.NewHandler(mux, "server", otelhttp.WithTracerProvider(provider)))
	defer server.Close()

	for _, call := range []struct{ method, target, body string }{
		{"GET", "/orders/7?fields=name&q=gr%C3%BC%C3%9Fe", ""},
		{"POST", "/orders", strings.Repeat("x", 512)},
		{"DELETE", "/elsewhere", ""},
	} {
		request, err := http.NewRequest(call.method, server.URL+call.target, strings.NewReader(call.body))
		if err != nil {
			return nil, err
		}
		request.Header.Set("User-Agent", "agent/1")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	return ids, nil
}
