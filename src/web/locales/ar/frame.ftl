frame-skip = انتقل إلى المحتوى
frame-main = الرئيسية
frame-language = اللغة
frame-sign-out = تسجيل الخروج
frame-release = الإصدار
frame-for-systems = لأنظمة أخرى
frame-error = خطأ:
frame-wrong = هناك شيء ناقص أو غير صحيح
frame-key = المفتاح
frame-key-open = المفتاح مفتوح
frame-find = بحث
frame-inbox = الوارد
frame-sent = الصادر
frame-cases = الحالات
frame-disclosures = الإفصاحات
frame-overdue = المتأخر
frame-moment = { $day }، { $time } UTC
frame-day = { $day } { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
} { $year }
role-case-worker = أخصائي حالات
role-intake = موظف استقبال
role-administrator = مدير
role-data-protection = حماية البيانات
role-coordinator = منسق
role-operator = مشغّل
