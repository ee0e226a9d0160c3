"""A camera that shows itself by RTSP: python3 rtsp.py ADDRESS, with Basic on 8554 and Digest on 554. By gst-rtsp-server."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PICTURE = "( videotestsrc is-live=true pattern=black ! video/x-raw,format=I420,width=64,height=48,framerate=5/1 ! jpegenc quality=20 ! rtpjpegpay name=pay0 )"
WAYS = [("8554", GstRtsp.RTSPAuthMethod.BASIC, "basic-secret-14"), ("554", GstRtsp.RTSPAuthMethod.DIGEST, "digest-secret-14")]

Gst.init(None)
for port, method, password in WAYS:
    server = GstRtspServer.RTSPServer.new()
    server.set_address(sys.argv[1])
    server.set_service(port)
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(method)
    auth.set_realm("Workshop camera WC-14")
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    if method == GstRtsp.RTSPAuthMethod.BASIC:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", password), token)
    else:
        auth.add_digest("viewer", password, token)
    server.set_auth(auth)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(PICTURE)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/door", factory)
    server.attach(None)
GLib.MainLoop().run()
