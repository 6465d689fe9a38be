package inventory

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	serviceName    = "shop.inventory.v1.Inventory"
	getStockMethod = "/" + serviceName + "/GetStock"
	reserveMethod  = "/" + serviceName + "/Reserve"
)

// service is what a generated interface would be.
type service interface {
	GetStock(context.Context, *wrapperspb.StringValue) (*wrapperspb.Int64Value, error)
	Reserve(context.Context, *wrapperspb.StringValue) (*wrapperspb.BoolValue, error)
}

// serviceDesc is written by hand on well-known messages, so that the example needs no protoc.
func serviceDesc() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*service)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "GetStock", Handler: unary(getStockMethod, service.GetStock)},
			{MethodName: "Reserve", Handler: unary(reserveMethod, service.Reserve)},
		},
	}
}

// unary adapts one method of the interface to the shape that grpc.MethodDesc asks for.
func unary[Resp any](
	fullMethod string,
	call func(service, context.Context, *wrapperspb.StringValue) (Resp, error),
) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		if intercept == nil {
			return call(srv.(service), ctx, in)
		}
		info := &grpc.UnaryServerInfo{Server: srv, FullMethod: fullMethod}
		return intercept(ctx, in, info, func(ctx context.Context, req any) (any, error) {
			return call(srv.(service), ctx, req.(*wrapperspb.StringValue))
		})
	}
}
