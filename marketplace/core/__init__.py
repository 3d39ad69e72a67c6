"""The ground every room stands on; it knows no business."""
