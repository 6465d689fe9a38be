package app

import (
	"fmt"

	"github.com/otelusage/usageprocessor/examples/shop/internal/inventory"
	"github.com/otelusage/usageprocessor/examples/shop/internal/storefront"
)

const (
	catalogueSize = 20
	// topicCapacity is far above what the load leaves waiting.
	topicCapacity = 1000
)

func catalogue() map[string]storefront.Product {
	products := map[string]storefront.Product{inventory.SlowSKU: {Name: "tea from the far warehouse", PriceCents: 9900}}
	for sku := range catalogueSize {
		id := fmt.Sprint(sku + 1)
		products[id] = storefront.Product{Name: "tea no. " + id, PriceCents: 499 + 100*sku}
	}
	return products
}

func stock() map[string]int64 {
	counts := map[string]int64{inventory.SlowSKU: 1}
	for sku := range catalogueSize {
		counts[fmt.Sprint(sku+1)] = int64(5 + sku)
	}
	return counts
}
