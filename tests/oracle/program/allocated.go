package main

import (
	"fmt"
	"strings"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/dynamic-resource-allocation/structured"
)

// allocatedState is fresh for every allocator, as 1.34 changes it.
func (r *allocateRequest) allocatedState() (structured.AllocatedState, error) {
	devices := sets.New[structured.DeviceID]()
	for _, text := range r.AllocatedDevices {
		parts, err := split(text, 3)
		if err != nil {
			return structured.AllocatedState{}, err
		}
		devices.Insert(structured.MakeDeviceID(parts[0], parts[1], parts[2]))
	}
	shares, err := sharedDevices(r.AllocatedSharedDeviceIDs)
	if err != nil {
		return structured.AllocatedState{}, err
	}
	capacity := structured.NewConsumedCapacityCollection()
	for text, consumed := range r.AllocatedCapacity {
		parts, err := split(text, 3)
		if err != nil {
			return structured.AllocatedState{}, err
		}
		amounts := make(map[resourceapi.QualifiedName]resource.Quantity, len(consumed))
		for name, amount := range consumed {
			amounts[name] = amount.DeepCopy()
		}
		device := structured.MakeDeviceID(parts[0], parts[1], parts[2])
		capacity.Insert(structured.NewDeviceConsumedCapacity(device, amounts))
	}
	return structured.AllocatedState{
		AllocatedDevices:         devices,
		AllocatedSharedDeviceIDs: shares,
		AggregatedCapacity:       capacity,
	}, nil
}

func split(text string, count int) ([]string, error) {
	// Only a pool's name may hold slashes.
	parts := strings.Split(text, "/")
	extra := len(parts) - count
	if extra < 0 {
		return nil, fmt.Errorf("%q does not have %d parts", text, count)
	}
	joined := []string{parts[0], strings.Join(parts[1:2+extra], "/")}
	return append(joined, parts[2+extra:]...), nil
}
